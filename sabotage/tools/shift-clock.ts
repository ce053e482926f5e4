/** Preloaded into a region's process: its clock is off by SABOTAGE_CLOCK_OFF_MS. */
const off = Number(process.env.SABOTAGE_CLOCK_OFF_MS);
const Real = globalThis.Date;

class ShiftedDate extends Real {
  constructor(...given: [] | ConstructorParameters<typeof Real>) {
    if (given.length === 0) super(Real.now() + off);
    else super(...given);
  }
  static override now(): number {
    return Real.now() + off;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
