import { leakPathSuite } from "./suite.ts";

leakPathSuite("egress");
