import { leakPathSuite } from "./suite.ts";

leakPathSuite("queue");
