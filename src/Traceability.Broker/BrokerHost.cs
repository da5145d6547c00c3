using Traceability.Broker.Directory;
using Traceability.Broker.Exchange;
using Traceability.Broker.Identity;
using Traceability.Broker.Keys;
using Traceability.Broker.Log;
using Traceability.Broker.Releases;
using Traceability.Broker.Trades;
using Traceability.Broker.Witness;
using Traceability.Hosting;
using Traceability.Identity;

namespace Traceability.Broker;

/// <summary>The broker and all it is made of. A process runs one; several may run in one process.</summary>
public static class BrokerHost
{
    /// <summary>Opens the database; the server then has only to be run.</summary>
    /// <param name="args">
    /// Settings, as a process gets them; --TRACEABILITY_SETTINGS=FILE goes before the variable of that name.
    /// </param>
    /// <param name="adjust">Has the last word about what the host is made of, such as where it logs.</param>
    public static async Task<WebApplication> BuildAsync(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        // Pages are looked for in this assembly, whichever was started.
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { Args = args, ApplicationName = typeof(BrokerHost).Assembly.GetName().Name });
        var settings = builder.AddHostingDefaults("traceability-broker");
        var embedded = builder.Configuration.HasEmbeddedIdentity();
        if (embedded)
        {
            builder.AddIdentity(settings, BrokerDatabase.NameOf(builder.Configuration));
        }

        builder.Services.AddSingleton(services => new EventDatabases(
            builder.Configuration.GetConnectionString("Server")!, services.GetRequiredService<TimeProvider>(),
            builder.Configuration.GetConnectionString("Owner")));
        builder.Services.AddSingleton<BrokerDatabase>();
        builder.Services.AddSingleton<DecisionLog>();
        builder.Services.AddSingleton<KeyLog>();
        builder.Services.AddSingleton<FailedSearches>();
        builder.Services.AddSingleton<MailSignals>();
        builder.Services.AddHostedService<BrokerLogKeeper>();
        builder.Services.AddHostedService<RevocationKeeper>();
        builder.Services.AddHealthChecks().AddCheck<BrokerDatabase>("database");
        adjust?.Invoke(builder);

        var app = builder.Build();
        app.MapHostingDefaults();
        app.MapGrpcService<DirectoryServer>();
        app.MapGrpcService<TradeServer>();
        app.MapGrpcService<ReleaseServer>();
        app.MapGrpcService<ExchangeServer>();
        app.MapGrpcService<LogServer>();
        app.MapGrpcService<WitnessServer>();
        app.MapGrpcService<KeyLogServer>();
        await app.Services.GetRequiredService<BrokerDatabase>().OpenAsync(app.Lifetime.ApplicationStopping);
        if (embedded)
        {
            app.MapIdentity();
            app.MapGrpcService<IdentityServer>();
            await app.PrepareIdentityAsync(app.Lifetime.ApplicationStopping);
        }

        return app;
    }
}
