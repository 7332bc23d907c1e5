// Signals when the connection to the server breaks.

import { describe, expect, it } from 'vitest';
import { type Signal, SignalingError } from '../../signaling/client';
import { SignalOutbox } from './signalOutbox';

const first: Signal = { kind: 'candidate', candidate: { candidate: 'first' } };
const second: Signal = { kind: 'candidate', candidate: { candidate: 'second' } };

function open(failure?: SignalingError) {
  const sent: Signal[] = [];
  const server = { failure };
  const outbox = new SignalOutbox(async (signal) => {
    sent.push(signal);
    if (server.failure) throw server.failure;
  });
  return { outbox, sent, server };
}

const flushTasks = () => new Promise((resolve) => setTimeout(resolve));

describe('the outbox', () => {
  it('keeps signals, in order, until it is opened', () => {
    const { outbox, sent } = open();
    outbox.push(first);
    outbox.push(second);
    expect(sent).toEqual([]);
    outbox.open();
    expect(sent).toEqual([first, second]);
  });

  it('repeats unacknowledged signals', async () => {
    const { outbox, sent, server } = open(new SignalingError('disconnected'));
    outbox.open();
    outbox.push(first);
    await flushTasks();
    outbox.close();
    server.failure = undefined;
    outbox.push(second);
    outbox.open();
    expect(sent).toEqual([first, first, second]);
  });

  it.each([undefined, new SignalingError('peer_not_found')])(
    'does not repeat an answered signal (%s)',
    async (failure) => {
      const { outbox, sent } = open(failure);
      outbox.open();
      outbox.push(first);
      await flushTasks();
      outbox.close();
      outbox.open();
      expect(sent).toEqual([first]);
    },
  );
});
