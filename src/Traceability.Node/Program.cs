using Traceability.Hosting;
using Traceability.Node.Audit;
using Traceability.Node.Exchange;
using Traceability.Node.Exports;
using Traceability.Node.Footprints;
using Traceability.Node.Imports;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Traceability.Node.Releases;
using Traceability.Node.Trades;
using Traceability.Storage;

var builder = WebApplication.CreateBuilder(args);
builder.AddHostingDefaults("traceability-node");
builder.Services.AddSingleton(services => EventStore.Open(
    builder.Configuration.GetConnectionString("Server")!, services.GetRequiredService<TimeProvider>()));
builder.Services.AddSingleton(builder.Configuration.GetRequiredSection("Node").Get<NodeSettings>()!);
builder.Services.AddSingleton<HostedOperators>();
builder.Services.AddSingleton<Recalculation>();
builder.Services.AddHostedService<OperatorFolder>();
builder.Services.AddHostedService<ExchangeWorker>();
builder.Services.AddHostedService<LogKeeper>();
builder.Services.AddHealthChecks().AddCheck<HostedOperators>("database");

var app = builder.Build();
app.MapHostingDefaults();
app.MapGrpcService<PartServer>();
app.MapGrpcService<TradeServer>();
app.MapGrpcService<ReleaseServer>();
app.MapGrpcService<FootprintServer>();
app.MapGrpcService<ImportServer>();
app.MapGrpcService<KeyServer>();
app.MapGrpcService<AuditServer>();
app.MapGrpcService<ExportServer>();
await app.RunAsync();
