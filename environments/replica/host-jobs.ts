/** What the servers of a host's one process are told, by the path of their script. */
const jobs = new Map<string, unknown>();

export function leaveJob(script: string, job: unknown): void {
  jobs.set(script, job);
}

/** For a script of `servers/`: what it is to serve. */
export function takeJob<Job>(script: string): Job {
  if (!jobs.has(script)) throw new TypeError(`${script} runs in a host's process only`);
  return jobs.get(script) as Job;
}
