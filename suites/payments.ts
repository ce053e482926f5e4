import { leakPathSuite } from "./suite.ts";

leakPathSuite("payments");
