using Traceability.Hosting;
using Traceability.Node.Audit;
using Traceability.Node.Companies;
using Traceability.Node.Due;
using Traceability.Node.Exchange;
using Traceability.Node.Exchange.Incoming;
using Traceability.Node.Exchange.Outgoing;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Exports;
using Traceability.Node.Footprints;
using Traceability.Node.Imports;
using Traceability.Node.Keys;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Traceability.Node.Partners;
using Traceability.Node.Problems;
using Traceability.Node.Releases;
using Traceability.Node.Trades;
using Traceability.Node.Trust;
using Traceability.Proofs.Logs;

namespace Traceability.Node;

/// <summary>A node and all it is made of. A process runs one; several may run in one process.</summary>
public static class NodeHost
{
    /// <param name="args">
    /// Settings, as a process gets them; --TRACEABILITY_SETTINGS=FILE goes before the variable of that name.
    /// </param>
    /// <param name="adjust">Has the last word about what the host is made of, such as where it logs.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { Args = args, ApplicationName = typeof(NodeHost).Assembly.GetName().Name });
        builder.AddHostingDefaults("traceability-node");
        builder.Services.AddSingleton(services => new EventDatabases(
            builder.Configuration.GetConnectionString("Server")!, services.GetRequiredService<TimeProvider>(),
            builder.Configuration.GetConnectionString("Owner")));
        var node = builder.Configuration.GetRequiredSection("Node").Get<NodeSettings>()!;
        builder.Services.AddSingleton(node);
        builder.Services.AddSingleton(services => new BrokerConnections(
            new Uri(node.Broker), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(new KeyLogRules(
            node.KeyRecoveryDelay ?? KeyChain.RecoveryDelay, node.KeyLogCosigners, node.KeyLogWitnesses,
            node.KeyLogVerifier));
        builder.Services.AddSingleton<KeyLog>();
        builder.Services.AddSingleton<KeyStores>();
        builder.Services.AddSingleton<HostedOperators>();
        builder.Services.AddSingleton<MustContinue>(LogKeeper.MustContinueAsync);
        builder.Services.AddSingleton<RollUp>();
        builder.Services.AddSingleton<FollowUp>(services => services.GetRequiredService<RollUp>().FollowAsync);
        builder.Services.AddSingleton<DisclosureSender>();
        builder.Services.AddSingleton<Sender>();
        builder.Services.AddSingleton<Receiver>();
        builder.Services.AddHostedService<OperatorFolder>();
        builder.Services.AddHostedService<RevocationFollower>();
        builder.Services.AddHostedService<KeyLogFollower>();
        builder.Services.AddHostedService<ExchangeWorker>();
        builder.Services.AddHostedService<DueWorker>();
        builder.Services.AddSingleton<BrokerWatch>();
        builder.Services.AddHostedService<LogKeeper>();
        builder.Services.AddHealthChecks().AddCheck<HostedOperators>("database");
        adjust?.Invoke(builder);

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
        app.MapGrpcService<ProblemServer>();
        app.MapGrpcService<CompanyServer>();
        app.MapGrpcService<PartnerServer>();
        return app;
    }
}
