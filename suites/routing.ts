import { leakPathSuite } from "./suite.ts";

leakPathSuite("routing");
