import { leakPathSuite } from "./suite.ts";

leakPathSuite("vector-db");
