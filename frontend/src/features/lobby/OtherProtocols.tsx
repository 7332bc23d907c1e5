// Links to the demos of the server's other doors, which are its other protocols.

import { serverPath } from '../../lib/basePath';
import { useTexts } from '../../lib/i18n/useTexts';

const protocols = ['signals', 'direct', 'arbiter', 'kurento'];

export function OtherProtocols() {
  const { login } = useTexts().lobby;
  return (
    <nav aria-label={login.otherProtocols} className="flex flex-wrap items-center gap-x-1">
      <span className="me-2">{login.otherProtocols}</span>
      {protocols.map((protocol) => (
        <a
          key={protocol}
          href={serverPath(`/demos/${protocol}`)}
          lang="en"
          className="inline-flex min-h-11 items-center px-1.5 underline underline-offset-2 hover:text-ink"
        >
          {protocol}
        </a>
      ))}
    </nav>
  );
}
