import { leakPathSuite } from "./suite.ts";

leakPathSuite("vendors");
