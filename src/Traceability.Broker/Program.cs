using Traceability.Broker;

await using var broker = await BrokerHost.BuildAsync(args);
await broker.RunAsync();
