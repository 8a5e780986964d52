import type { StackRevisionText } from '../../src/contract/plan.ts'
import { Copy } from '../shared/copy.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Panel } from '../shared/panel.tsx'
import { useIsAdmin, useResource } from '../shared/server.tsx'
import classes from './text.module.css'

interface StackTextProps {
  stack: string
  revision: number
}

/** The text of a revision, for those who may see the secrets that user data holds. */
export function StackText({ stack, revision }: StackTextProps) {
  return useIsAdmin() ? (
    <Text stack={stack} revision={revision} />
  ) : (
    <Panel title="Text" flush>
      <p className={classes.note}>User data often holds secrets, so the text is shown to admins only.</p>
    </Panel>
  )
}

function Text({ stack, revision }: StackTextProps) {
  const text = useResource<StackRevisionText>(`/stacks/${stack}/revisions/${revision}`)
  return (
    <Panel
      title="Text"
      aside={
        <>
          revision {revision} {text.data && <Copy text={text.data.text} what="the text" />}
        </>
      }
      flush
    >
      <Loaded resource={text}>
        {({ text: yaml }) => (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
          <pre className={classes.text} tabIndex={0}>
            {yaml}
          </pre>
        )}
      </Loaded>
    </Panel>
  )
}
