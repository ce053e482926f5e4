import { leakPathSuite } from "./suite.ts";

leakPathSuite("cache");
