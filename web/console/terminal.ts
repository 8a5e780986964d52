import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'

/** A terminal on the page. Dark in every colour scheme: guests choose their colours for that. */
export interface PageTerminal {
  write(bytes: Uint8Array): void
  /** A line of our own, apart from what the guest says. */
  note(text: string): void
  focus(): void
  dispose(): void
}

interface TerminalOptions {
  onBytes(bytes: Uint8Array<ArrayBuffer>): void
  /** ^], by which one leaves telnet, `xl console` and `slipway instance console` too; Tab belongs to the guest. */
  onLeave(): void
}

/** Opens a terminal that fills `element`, and goes on filling it. */
export function openTerminal(element: HTMLElement, { onBytes, onLeave }: TerminalOptions): PageTerminal {
  const terminal = new Terminal({
    cursorBlink: true,
    fontFamily: getComputedStyle(element).fontFamily,
    fontSize: 13,
    scrollback: 10_000,
    theme: { background: '#0a0c10', foreground: '#d5dae2', cursor: '#8ea4ff', selectionBackground: '#3a424f' },
  })
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  terminal.open(element)
  const encoder = new TextEncoder()
  terminal.onData((text) => onBytes(encoder.encode(text)))
  // Reports of the mouse in the old form are bytes, one a character, and no text.
  terminal.onBinary((text) => onBytes(Uint8Array.from(text, (character) => character.charCodeAt(0))))
  terminal.attachCustomKeyEventHandler((event) => {
    const leaves = event.ctrlKey && event.key === ']'
    if (leaves && event.type === 'keydown') onLeave()
    return !leaves
  })
  const observer = new ResizeObserver(() => fit.fit())
  observer.observe(element)
  return {
    write: (bytes) => terminal.write(bytes),
    note: (text) => terminal.write(`\r\n\x1b[2m${text}\x1b[0m\r\n`),
    focus: () => terminal.focus(),
    dispose() {
      observer.disconnect()
      terminal.dispose()
    },
  }
}
