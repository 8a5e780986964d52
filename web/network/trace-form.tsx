import { Button, NativeSelect, NumberInput, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { NetworkSummary, Trace, TraceRequest } from '../../src/contract/network-view.ts'
import { Ago } from '../shared/ago.tsx'
import { Notice } from '../shared/notice.tsx'
import { Panel } from '../shared/panel.tsx'
import { useApi } from '../shared/server.tsx'
import classes from './trace.module.css'
import { TraceView } from './trace-view.tsx'

const protocols = ['tcp', 'udp', 'sctp', 'icmp', 'icmp6'] as const
type Protocol = (typeof protocols)[number]

/** Asks whether something may be said, and shows who decides. Nothing is sent: the rules that hosts should have are asked. */
export function TraceForm({ networks }: { networks: readonly NetworkSummary[] }) {
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const [toPort, setToPort] = useState<number | string>(80)
  const [protocol, setProtocol] = useState<Protocol>('tcp')
  const [host, setHost] = useState('')
  const { asking, answer, problem, ask } = useTrace()
  const hasPorts = !protocol.startsWith('icmp')
  const hosts = [...new Set(networks.flatMap((network) => network.hosts.map((one) => one.host)))].sort()

  function submit(event: FormEvent) {
    event.preventDefault()
    void ask({
      from: from.trim(),
      to: to.trim(),
      protocol,
      ...(hasPorts && typeof toPort === 'number' ? { toPort } : {}),
      ...(host === '' ? {} : { host }),
    })
  }

  return (
    <Panel title="May this be said?">
      <form className={classes.form} onSubmit={submit} aria-busy={asking}>
        <TextInput
          size="xs"
          label="From"
          placeholder="10.0.0.11"
          required
          withAsterisk={false}
          value={from}
          onChange={set(setFrom)}
        />
        <TextInput
          size="xs"
          label="To"
          placeholder="192.0.2.51"
          required
          withAsterisk={false}
          value={to}
          onChange={set(setTo)}
        />
        <NumberInput
          size="xs"
          label="Port"
          min={1}
          max={65_535}
          clampBehavior="strict"
          allowDecimal={false}
          hideControls
          disabled={!hasPorts}
          required={hasPorts}
          withAsterisk={false}
          value={hasPorts ? toPort : ''}
          onChange={setToPort}
        />
        <NativeSelect
          size="xs"
          label="Protocol"
          data={[...protocols]}
          value={protocol}
          onChange={(event) => setProtocol(event.currentTarget.value as Protocol)}
        />
        <NativeSelect
          size="xs"
          label="Host"
          title="Whose rules are asked when neither end is an instance or a host"
          data={[{ value: '', label: 'that of either end' }, ...hosts]}
          value={host}
          onChange={(event) => setHost(event.currentTarget.value)}
        />
        <Button size="xs" type="submit">
          Trace
        </Button>
      </form>
      {answer && <Asked request={answer.request} at={answer.at} />}
      <div aria-live="polite">{answer && <TraceView trace={answer.trace} />}</div>
      {problem && (
        <div className={classes.problem}>
          <Notice tone="bad">{problem}</Notice>
        </div>
      )}
    </Panel>
  )
}

interface Answer {
  trace: Trace
  request: TraceRequest
  at: string
}

/** What an answer is to, and how old it is: it does not change with the rules. */
function Asked({ request: { from, to, toPort, protocol }, at }: Pick<Answer, 'request' | 'at'>) {
  return (
    <p className={classes.asked}>
      {protocol} from {from} to {to}
      {toPort !== undefined && ` port ${toPort}`}, asked <Ago at={at} />
    </p>
  )
}

/** The newest question and what came of it. The button stays as it is meanwhile, so that it keeps the focus. */
function useTrace() {
  const api = useApi()
  const [asking, setAsking] = useState(false)
  const [answer, setAnswer] = useState<Answer>()
  const [problem, setProblem] = useState<string>()

  async function ask(request: TraceRequest) {
    if (asking) return
    setAsking(true)
    setProblem(undefined)
    try {
      const trace = await api.post<Trace>('/networks/trace', request)
      setAnswer({ trace, request, at: new Date().toISOString() })
    } catch (error) {
      setAnswer(undefined)
      setProblem((error as Error).message)
    } finally {
      setAsking(false)
    }
  }
  return { asking, answer, problem, ask }
}

function set(change: (value: string) => void) {
  return (event: FormEvent<HTMLInputElement>) => change(event.currentTarget.value)
}
