import { Skeleton } from '@mantine/core'
import { useCallback, useEffect, useState } from 'react'
import type { AppliedStack, Plan, RevertStack } from '../../src/contract/plan.ts'
import { Dialog } from '../shared/dialog.tsx'
import { Notice } from '../shared/notice.tsx'
import { useApi } from '../shared/server.tsx'
import { PlanView } from './plan-view.tsx'

interface RevertDialogProps {
  stack: string
  revision: number
  onClose(): void
}

/** Shows what going back to a revision would do, and does exactly that or nothing: the server refuses when the plan is another by now. */
export function RevertDialog({ stack, revision, onClose }: RevertDialogProps) {
  const api = useApi()
  const [plan, setPlan] = useState<Plan>()
  const [problem, setProblem] = useState<string>()

  const makePlan = useCallback(async () => {
    try {
      setPlan(await api.get<Plan>(`/stacks/${stack}/plan?revision=${revision}`))
    } catch (error) {
      setProblem((error as Error).message)
    }
  }, [api, stack, revision])
  useEffect(() => void makePlan(), [makePlan])

  async function revert() {
    if (!plan) return
    const body: RevertStack = { revision, plan: plan.digest }
    try {
      await api.post<AppliedStack>(`/stacks/${stack}/revert`, body)
    } catch (error) {
      // It may be that the plan is another by now: the next click is about the one that is shown then.
      await makePlan()
      throw error
    }
    api.refresh(`/stacks/${stack}`)
  }

  const refused = plan?.actions.some(({ kind }) => kind === 'refused') ?? false
  return (
    <Dialog
      title={`Go back to revision ${revision} of ${stack}?`}
      action="Revert"
      size="xl"
      danger={plan?.actions.some(({ interrupts }) => interrupts) ?? false}
      disabled={!plan || refused}
      onAction={revert}
      onClose={onClose}
    >
      <p>
        What revision {revision} says is applied again, with its images of then, as a new revision
        {plan && ` ${plan.revision}`}.
      </p>
      {problem && <Notice tone="bad">{problem}</Notice>}
      {plan ? <PlanView plan={plan} /> : !problem && <Skeleton height={120} />}
    </Dialog>
  )
}
