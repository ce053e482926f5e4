import { leakPathSuite } from "./suite.ts";

leakPathSuite("dns");
