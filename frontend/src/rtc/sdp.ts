// The few things that this page reads in a session description.

/**
 * The session id of the `o=` line, which stays the same for as long as an RTCPeerConnection lives
 * and differs from that of every other.
 *
 * Source: RFC 9429 §5.2.1
 */
export function originOf(sdp: string | undefined): string | null {
  return sdp?.match(/^o=\S+ (\S+) /m)?.[1] ?? null;
}

/** Whether there is a line for data channels, as in every description that this page makes. */
export function hasDataLine(sdp: string | undefined): boolean {
  return /^m=application \S+ \S*SCTP/m.test(sdp ?? '');
}
