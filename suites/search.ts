import { leakPathSuite } from "./suite.ts";

leakPathSuite("search");
