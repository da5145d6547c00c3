using System.Net;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using Npgsql;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Traceability.Client;

namespace Traceability.Hosting;

/// <summary>What every server has.</summary>
public static class HostingDefaults
{
    /// <summary>
    /// What every gRPC client takes unless it is told otherwise, and what it may send: a bill of materials of 1,000
    /// lines with 20 suppliers each fits. Longer answers are cut (<see cref="MessagePages"/>).
    /// </summary>
    public const int MaxMessageBytes = 4 * 1024 * 1024;

    /// <summary>Calls that are under way may end; streams never do by themselves, and are taken up elsewhere.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Clocks of companies differ by seconds, not by minutes.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    /// <param name="builder">Of the server.</param>
    /// <param name="service">The name under which telemetry is sent.</param>
    public static HostSettings AddHostingDefaults(this WebApplicationBuilder builder, string service)
    {
        if (builder.Configuration["TRACEABILITY_SETTINGS"] is { } file)
        {
            // A file, and not arguments: those can be read by every user of the machine.
            builder.Configuration.AddJsonFile(file, optional: false);
        }

        var settings = builder.Configuration.GetRequiredSection("Host").Get<HostSettings>()!;
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<CallLimits>();
        builder.Services.AddSingleton<AddressLimits>();
        builder.Services.AddSingleton<Doorstep>();
        builder.Services.AddSingleton<RevokedCertificates>();
        builder.Services.AddSingleton<SampledLog>();
        builder.Logging.ClearProviders()
            .AddJsonConsole(json => json.IncludeScopes = true)
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            // It has lines for every call that is refused: GrpcErrors and UnreadableRequests tell samples.
            .AddFilter("Grpc", LogLevel.None)
            .AddFilter("OpenIddict", LogLevel.Warning)
            .AddFilter("System.Net.Http", LogLevel.Warning);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, settings));
        AddTokens(builder.Services, settings);
        AddTelemetry(builder, service);
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = MaxMessageBytes;
            options.MaxSendMessageSize = MaxMessageBytes;
            options.Interceptors.Add<GrpcErrors>();
            options.Interceptors.Add<CallerInterceptor>();
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddGrpcHealthChecks();
        if (settings.Reflection)
        {
            builder.Services.AddGrpcReflection();
        }

        return settings;
    }

    public static void MapHostingDefaults(this WebApplication app)
    {
        var unreadable = ActivatorUtilities.CreateInstance<UnreadableRequests>(app.Services);
        app.Use(unreadable.AnswerAsync);
        app.Use(UnreadableRequests.AnswerFormAsync);
        var doorstep = app.Services.GetRequiredService<Doorstep>();
        app.Use(doorstep.KnockAsync);
        app.UseAuthentication();
        app.Use(doorstep.RecognizeAsync);
        app.MapGrpcHealthChecksService();
        if (app.Services.GetRequiredService<HostSettings>().Reflection)
        {
            app.MapGrpcReflectionService();
        }

        app.MapHealthChecks("/health/live", new() { Predicate = _ => false });
        app.MapHealthChecks("/health/ready");
        app.Lifetime.ApplicationStarted.Register(() => TellAddress(app));
    }

    /// <summary>The first address the server listens on.</summary>
    public static string Address(this WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features
            .GetRequiredFeature<IServerAddressesFeature>().Addresses.First();

    private static void TellAddress(WebApplication app)
    {
        if (app.Services.GetRequiredService<HostSettings>().AddressFile is not { } file)
        {
            return;
        }

        // Whoever waits for the file must never read half of it.
        File.WriteAllText($"{file}.new", app.Address());
        File.Move($"{file}.new", file, overwrite: true);
    }

    private static void Listen(KestrelServerOptions kestrel, HostSettings settings)
    {
        var address = new Uri(settings.Listen);
        // A peer that has gone silent is noticed after this long.
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(10);
        kestrel.AddServerHeader = false;
        kestrel.Listen(IPAddress.Parse(address.Host), address.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.Use(kestrel.ApplicationServices.GetRequiredService<Doorstep>().Guard);
            var certificate = new RenewedCertificate(settings.Certificate, settings.CertificateKey);
            _ = certificate.Current;
            listen.UseHttps(https =>
            {
                https.ServerCertificateSelector = (_, _) => certificate.Current;
                // People in browsers have none; who needs one is for the interceptor and the token endpoint to say.
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => settings.Trusts(certificate);
            });
        });
    }

    private static void AddTokens(IServiceCollection services, HostSettings settings)
    {
        services.AddSingleton(provider => IssuerKeys.Of(settings, provider.GetRequiredService<TimeProvider>()));
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(bearer =>
        {
            bearer.MapInboundClaims = false;
            // The caller is told by the interceptor, together with everything else that keeps it out.
            bearer.Events = new JwtBearerEvents
            {
                OnMessageReceived = IssuerKeys.FindKeyAsync,
                OnAuthenticationFailed = CallerInterceptor.Remember,
            };
            bearer.TokenValidationParameters = new TokenValidationParameters
            {
                ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
                ValidAudience = settings.TokenAudience,
                ClockSkew = ClockSkew,
            };
        });
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<IssuerKeys>((bearer, keys) => bearer.ConfigurationManager = keys);
    }

    private static void AddTelemetry(WebApplicationBuilder builder, string service)
    {
        var export = builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not null;
        // Calls are told as rpcs (rpc.service, rpc.method), not as requests of one path each.
        builder.Configuration["OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_ENABLE_GRPC_INSTRUMENTATION"] = "true";
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(service))
            .WithTracing(tracing => tracing.AddSource("Traceability.*").AddAspNetCoreInstrumentation());
        if (export)
        {
            // What nobody looks at is not made.
            telemetry
                .WithTracing(tracing => tracing.AddHttpClientInstrumentation().AddNpgsql().AddOtlpExporter())
                .WithMetrics(metering => metering
                    .AddAspNetCoreInstrumentation()
                    .AddHttpClientInstrumentation()
                    .AddRuntimeInstrumentation()
                    .AddNpgsqlInstrumentation()
                    .AddOtlpExporter());
        }
    }
}
