import { AppError } from '../contract/errors.ts'

/** Something of which one run is under way at a time. */
export interface OneRun<Result> {
  isRunning(): boolean
  /** @throws AppError conflict, with the words of `openOneRun`, while another run is under way; what `work` throws */
  run(work: () => Promise<Result>): Promise<Result>
  /** Resolves when nothing is under way any more. */
  ended(): Promise<void>
}

/** `busy` is what who comes too early is told. */
export function openOneRun<Result>(busy: string): OneRun<Result> {
  let running: Promise<Result> | undefined
  return {
    isRunning: () => running !== undefined,
    async run(work) {
      if (running) throw new AppError('conflict', busy)
      running = work()
      try {
        return await running
      } finally {
        running = undefined
      }
    },
    async ended() {
      await running?.catch(() => {})
    },
  }
}
