import { Button, NativeSelect, NumberInput, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { Trace, TraceRequest } from '../../src/contract/network-view.ts'
import { Notice } from '../shared/notice.tsx'
import { Panel } from '../shared/panel.tsx'
import { useApi } from '../shared/server.tsx'
import classes from './trace.module.css'
import { TraceView } from './trace-view.tsx'

const protocols = ['tcp', 'udp', 'sctp', 'icmp', 'icmp6'] as const
type Protocol = (typeof protocols)[number]

/** Asks whether something may be said, and shows who decides. Nothing is sent: the rules that hosts should have are asked. */
export function TraceForm() {
  const api = useApi()
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const [toPort, setToPort] = useState<number | string>(80)
  const [protocol, setProtocol] = useState<Protocol>('tcp')
  const [asking, setAsking] = useState(false)
  const [answer, setAnswer] = useState<Trace>()
  const [problem, setProblem] = useState<string>()
  const hasPorts = !protocol.startsWith('icmp')

  async function ask(event: FormEvent) {
    event.preventDefault()
    const request: TraceRequest = {
      from: from.trim(),
      to: to.trim(),
      protocol,
      ...(hasPorts && typeof toPort === 'number' ? { toPort } : {}),
    }
    setAsking(true)
    setProblem(undefined)
    try {
      setAnswer(await api.post<Trace>('/networks/trace', request))
    } catch (error) {
      setAnswer(undefined)
      setProblem((error as Error).message)
    } finally {
      setAsking(false)
    }
  }

  return (
    <Panel title="May this be said?">
      <form className={classes.form} onSubmit={ask}>
        <TextInput size="xs" label="From" placeholder="10.0.0.11" required value={from} onChange={set(setFrom)} />
        <TextInput size="xs" label="To" placeholder="192.0.2.51" required value={to} onChange={set(setTo)} />
        <NumberInput
          size="xs"
          label="Port"
          min={1}
          max={65_535}
          disabled={!hasPorts}
          required={hasPorts}
          value={toPort}
          onChange={setToPort}
        />
        <NativeSelect
          size="xs"
          label="Protocol"
          data={[...protocols]}
          value={protocol}
          onChange={(event) => setProtocol(event.currentTarget.value as Protocol)}
        />
        <Button size="xs" type="submit" loading={asking}>
          Trace
        </Button>
      </form>
      {problem && <Notice tone="bad">{problem}</Notice>}
      {answer && <TraceView trace={answer} />}
    </Panel>
  )
}

function set(change: (value: string) => void) {
  return (event: FormEvent<HTMLInputElement>) => change(event.currentTarget.value)
}
