/** What all looks at the region's own systems have in common; the own canary read is their control. */
export const inside = { routes: ["name"], credentials: ["own"], goal: "data", contacts: "own" } as const;
