import { leakPathSuite } from "./suite.ts";

leakPathSuite("llm");
