using Traceability.Node;

await using var node = NodeHost.Build(args);
await node.RunAsync();
