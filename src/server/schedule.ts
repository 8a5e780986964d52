import { createTask, validate } from 'node-cron'
import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'

/** Lines of cron, by the names of the jobs. */
export type Schedule = Readonly<Record<string, string>>

/** A run that was not heard of again is repeated after this long: whoever did it was killed. */
const repeatAfterMs = 15 * 60_000

/** The next time that a line of cron means, in the time zone of the process. */
function nextRun(cron: string): Date {
  // It is never started; it only knows how to read the line.
  const task = createTask(cron, () => {})
  const [next] = task.getNextRuns(1)
  task.destroy()
  return next as Date
}

/** @throws AppError config-invalid, with the name of the setting */
export function checkCron(cron: string, setting: string): void {
  if (!validate(cron))
    throw new AppError(
      'config-invalid',
      `${setting} is ${JSON.stringify(cron)}; it should be a line of cron, like "47 2 * * *", or empty`,
    )
}

/** Notes when each job is to be done, where that is not known or its line of cron has changed, and forgets those that there are not any more. */
export async function plan(db: Db, schedule: Schedule): Promise<void> {
  await transact(db, async (trx) => {
    const known = await trx.selectFrom('jobs').select(['task', 'cron']).execute()
    const crons = new Map(known.map(({ task, cron }) => [task, cron]))
    const gone = known.map(({ task }) => task).filter((task) => !(task in schedule))
    if (gone.length > 0) await trx.deleteFrom('jobs').where('task', 'in', gone).execute()
    for (const [task, cron] of Object.entries(schedule)) {
      if (crons.get(task) === cron) continue
      const row = { cron, due_at: nextRun(cron).toISOString() }
      await trx
        .insertInto('jobs')
        .values({ task, ...row, succeeded_at: null })
        .onConflict((conflict) => conflict.column('task').doUpdateSet(row))
        .execute()
    }
  })
}

/**
 * Takes the jobs that are due. Each is due again a while later, in case that its run ends without a word; call `ended` when it ends. So what was due
 * while no server ran, or when one was killed, is done by the next one, and a job that kills its server does not do so all the time.
 */
export async function takeDue(db: Db, now: Date): Promise<string[]> {
  const again = now.getTime() + repeatAfterMs
  return transact(db, async (trx) => {
    const due = await trx.selectFrom('jobs').select(['task', 'cron']).where('due_at', '<=', now.toISOString()).execute()
    for (const { task, cron } of due) {
      const next = Math.min(again, nextRun(cron).getTime())
      await trx
        .updateTable('jobs')
        .set({ due_at: new Date(next).toISOString() })
        .where('task', '=', task)
        .execute()
    }
    return due.map(({ task }) => task)
  })
}

/** Notes that a run of a job has ended: it is due by its line of cron again. */
export async function ended(db: Db, task: string, cron: string, succeededAt?: Date): Promise<void> {
  await db
    .updateTable('jobs')
    .set({
      due_at: nextRun(cron).toISOString(),
      ...(succeededAt ? { succeeded_at: succeededAt.toISOString() } : {}),
    })
    .where('task', '=', task)
    .execute()
}
