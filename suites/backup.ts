import { leakPathSuite } from "./suite.ts";

leakPathSuite("backup");
