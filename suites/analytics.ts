import { leakPathSuite } from "./suite.ts";

leakPathSuite("analytics");
