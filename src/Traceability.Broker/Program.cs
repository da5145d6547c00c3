using Traceability.Broker;
using Traceability.Broker.Directory;
using Traceability.Broker.Exchange;
using Traceability.Broker.Identity;
using Traceability.Broker.Log;
using Traceability.Broker.Releases;
using Traceability.Broker.Trades;
using Traceability.Broker.Witness;
using Traceability.Hosting;
using Traceability.Identity;

var builder = WebApplication.CreateBuilder(args);
var settings = builder.AddHostingDefaults("traceability-broker");
var embedded = builder.Configuration.HasEmbeddedIdentity();
if (embedded)
{
    builder.AddIdentity(settings, BrokerDatabase.NameOf(builder.Configuration));
}

builder.Services.AddSingleton(services => new EventDatabases(
    builder.Configuration.GetConnectionString("Server")!, services.GetRequiredService<TimeProvider>()));
builder.Services.AddSingleton<BrokerDatabase>();
builder.Services.AddSingleton<DecisionLog>();
builder.Services.AddSingleton<MailSignals>();
builder.Services.AddHostedService<BrokerLogKeeper>();
builder.Services.AddHealthChecks().AddCheck<BrokerDatabase>("database");

var app = builder.Build();
app.MapHostingDefaults();
app.MapGrpcService<DirectoryServer>();
app.MapGrpcService<TradeServer>();
app.MapGrpcService<ReleaseServer>();
app.MapGrpcService<ExchangeServer>();
app.MapGrpcService<LogServer>();
app.MapGrpcService<WitnessServer>();
await app.Services.GetRequiredService<BrokerDatabase>().OpenAsync(app.Lifetime.ApplicationStopping);
if (embedded)
{
    app.MapIdentity();
    app.MapGrpcService<IdentityServer>();
    await app.PrepareIdentityAsync(app.Lifetime.ApplicationStopping);
}

await app.RunAsync();
