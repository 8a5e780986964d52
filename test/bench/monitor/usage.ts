/** What a process has used: processor time of its own, without that of the programs that it ran, and memory that it holds. */
export interface Usage {
  cpuMs: number
  rssBytes: number
}

/** Tells the parent what this process has used, each time that it asks. */
export function answerUsage(): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() } satisfies Usage)
  })
}
