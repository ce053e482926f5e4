import { leakPathSuite } from "./suite.ts";

leakPathSuite("email");
