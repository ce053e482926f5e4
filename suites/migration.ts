import { leakPathSuite } from "./suite.ts";

leakPathSuite("migration");
