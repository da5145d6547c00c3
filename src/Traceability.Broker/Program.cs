using Traceability.Broker;
using Traceability.Broker.Directory;
using Traceability.Broker.Exchange;
using Traceability.Broker.Log;
using Traceability.Broker.Releases;
using Traceability.Broker.Trades;
using Traceability.Broker.Witness;
using Traceability.Hosting;

var builder = WebApplication.CreateBuilder(args);
var settings = builder.AddHostingDefaults("traceability-broker");
var issuer = TokenIssuer.Add(builder.Services, builder.Configuration, settings.Issuer);
issuer.CheckOwnTokens(builder.Services);
builder.Services.AddSingleton(services => new EventDatabases(
    builder.Configuration.GetConnectionString("Server")!, services.GetRequiredService<TimeProvider>()));
builder.Services.AddSingleton<BrokerDatabase>();
builder.Services.AddSingleton<DecisionLog>();
builder.Services.AddSingleton<MailSignals>();
builder.Services.AddHostedService<BrokerLogKeeper>();
builder.Services.AddHealthChecks().AddCheck<BrokerDatabase>("database");

var app = builder.Build();
app.MapHostingDefaults();
issuer.Map(app);
app.MapGrpcService<DirectoryServer>();
app.MapGrpcService<TradeServer>();
app.MapGrpcService<ReleaseServer>();
app.MapGrpcService<ExchangeServer>();
app.MapGrpcService<LogServer>();
app.MapGrpcService<WitnessServer>();
await app.Services.GetRequiredService<BrokerDatabase>().OpenAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
