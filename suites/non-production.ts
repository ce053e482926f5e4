import { leakPathSuite } from "./suite.ts";

leakPathSuite("non-production");
