import 'graphiql/setup-workers/vite';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { createRoot } from 'react-dom/client';

const EXAMPLE = `# Ctrl-Enter runs the query under the cursor.
# Every answer says how old it is.

query Stock {
  parts(first: 5) {
    nodes {
      brand
      partNumber
      title
      availability {
        state
        quantity
        levels { location quantity quality }
        freshness { status age reason }
      }
      offers { supplier { name } supplierPartNumber }
    }
    pageInfo { hasNextPage endCursor }
  }
}

# Stays open and shows each change of stock as it is recorded.
subscription Changes {
  stockChanged {
    __typename
    ... on StockChange {
      cursor
      part { brand partNumber }
      location
      before { quantity }
      after { quantity }
      cause
      recordedAt
    }
    ... on StockGap { resumeAfter message }
  }
}
`;

const endpoint = new URL('/graphql', window.location.href);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';

/** Headers typed by the user go with each query, and as connection parameters with each subscription. */
const fetcher = createGraphiQLFetcher({ url: endpoint.href, subscriptionUrl: socket.href });

createRoot(document.getElementById('ide')).render(
  <GraphiQL fetcher={fetcher} defaultQuery={EXAMPLE} defaultEditorToolsVisibility="headers" />,
);
