import { leakPathSuite } from "./suite.ts";

leakPathSuite("object-storage");
