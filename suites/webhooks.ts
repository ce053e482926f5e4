import { leakPathSuite } from "./suite.ts";

leakPathSuite("webhooks");
