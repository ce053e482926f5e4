import { leakPathSuite } from "./suite.ts";

leakPathSuite("database");
