import { leakPathSuite } from "./suite.ts";

leakPathSuite("admin-access");
