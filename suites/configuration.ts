import { leakPathSuite } from "./suite.ts";

leakPathSuite("configuration");
