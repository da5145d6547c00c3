using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Npgsql;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Traceability.Hosting;
using Traceability.Identity.Clients;
using Traceability.Identity.Endpoints;
using Traceability.Identity.Keys;
using Traceability.Identity.Pages;
using Traceability.Identity.Storage;
using Traceability.Identity.Users;

namespace Traceability.Identity;

/// <summary>Mounts the embedded provider in the broker.</summary>
public static class IdentityHosting
{
    /// <summary>A sign-in takes a handful of statements; the rest of the broker has connections of its own.</summary>
    private const int MaxConnections = 20;

    /// <summary>OWASP's advice of 2023 for PBKDF2 with HMAC-SHA512.</summary>
    private const int PasswordRounds = 210_000;

    /// <summary>NIST SP 800-63B: length counts, rules about digits and signs do not.</summary>
    private const int ShortestPassword = 12;

    /// <summary>Whether the broker is the provider; if not, nothing here is to be called.</summary>
    public static bool HasEmbeddedIdentity(this IConfiguration configuration) =>
        IdentitySettings.Of(configuration).Embedded;

    /// <param name="builder">Of the broker.</param>
    /// <param name="host">The settings of the broker.</param>
    /// <param name="database">The broker's database, where the provider has a schema of its own.</param>
    public static void AddIdentity(this WebApplicationBuilder builder, HostSettings host, string database)
    {
        var settings = IdentitySettings.Of(builder.Configuration);
        var services = builder.Services;
        var connection = new NpgsqlConnectionStringBuilder(builder.Configuration.GetConnectionString("Server"))
        {
            Database = database,
            MaxPoolSize = MaxConnections,
        };
        services.AddSingleton(settings);
        services.AddSingleton(provider => new AttemptsOf(
            Clients: new(provider.GetRequiredService<TimeProvider>(), settings.ClientsPerMinute),
            People: new(provider.GetRequiredService<TimeProvider>(), settings.SignInsPerMinute)));
        services.AddSingleton(new SecretSeal(settings.ReadSecret()));
        services.AddSingleton(new IdentitySource(NpgsqlDataSource.Create(connection)));
        services.AddDbContext<IdentityDatabase>((provider, options) =>
            options.UseNpgsql(provider.GetRequiredService<IdentitySource>().Source));
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning)
            .AddFilter("OpenIddict", LogLevel.Warning);
        AddKeys(services);
        AddUsers(services, host, settings);
        AddRegistries(services, host);
        Provider.Add(services, host, settings);
        SignInPages.Add(services);
    }

    /// <summary>Tables, keys and the first administrator, before the first call. Replicas may do so at once.</summary>
    public static async Task PrepareIdentityAsync(this WebApplication app, CancellationToken cancellationToken)
    {
        var source = app.Services.GetRequiredService<IdentitySource>().Source;
        await MakeTablesAsync(app.Configuration, source, cancellationToken);
        await app.Services.GetRequiredService<KeyRing>().KeepAsync(cancellationToken);
        await using var scope = app.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<IdentityDatabase>();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await database.Database.ExecuteSqlAsync(
            $"select pg_advisory_xact_lock({IdentityTables.Lock})", cancellationToken);
        // One replica makes the first key of data protection; the others find it.
        app.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("prepared").Protect([]);
        await scope.ServiceProvider.GetRequiredService<FirstAdministrator>().MakeAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public static void MapIdentity(this WebApplication app)
    {
        app.UseAuthorization();
        app.MapPost(Provider.TokenPath, TokenEndpoint.HandleAsync).WithMetadata(new CountsItselfAttribute());
        app.MapMethods(
            Provider.AuthorizationPath, [HttpMethods.Get, HttpMethods.Post], AuthorizationEndpoint.HandleAsync);
        SignInPages.Map(app);
    }

    /// <summary>By their owner, where that is another role than the one that runs.</summary>
    private static async Task MakeTablesAsync(
        IConfiguration configuration, NpgsqlDataSource running, CancellationToken cancellationToken)
    {
        var here = new NpgsqlConnectionStringBuilder(running.ConnectionString);
        if (configuration.GetConnectionString("Owner") is not { Length: > 0 } server)
        {
            await IdentityTables.ApplyAsync(running, here.Username!, cancellationToken);
            return;
        }

        await using var owner = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(server) { Database = here.Database });
        await IdentityTables.ApplyAsync(owner, here.Username!, cancellationToken);
    }

    private static void AddKeys(IServiceCollection services)
    {
        services.AddSingleton<KeyRing>();
        services.AddHostedService<KeyKeeper>();
        services.AddSingleton<ProviderKeys>();
        services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>>(
            provider => provider.GetRequiredService<ProviderKeys>());
        services.AddSingleton<IOptionsChangeTokenSource<OpenIddictServerOptions>>(
            provider => provider.GetRequiredService<ProviderKeys>());
        services.AddDataProtection().SetApplicationName("traceability-identity");
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>, ProtectionKeys>();
        // The broker checks its own tokens with the keys at hand, not over the network.
        services.AddSingleton(OwnKeys);
    }

    private static IssuerKeys OwnKeys(IServiceProvider provider)
    {
        var ring = provider.GetRequiredService<KeyRing>();
        var issuer = new Uri(Provider.IssuerOf(provider.GetRequiredService<HostSettings>())).AbsoluteUri;
        return new(Read, provider.GetRequiredService<TimeProvider>());

        async Task<OpenIdConnectConfiguration> Read(CancellationToken cancellationToken)
        {
            await ring.LoadAsync(cancellationToken);
            var configuration = new OpenIdConnectConfiguration { Issuer = issuer };
            ring.Current.Signing.ToList().ForEach(configuration.SigningKeys.Add);
            return configuration;
        }
    }

    private static void AddUsers(IServiceCollection services, HostSettings host, IdentitySettings settings)
    {
        var issuer = new Uri(Provider.IssuerOf(host));
        services.AddIdentityCore<User>(options =>
        {
            options.Stores.SchemaVersion = IdentitySchemaVersions.Version3;
            options.Password.RequiredLength = ShortestPassword;
            options.Password.RequiredUniqueChars = 5;
            options.Password.RequireDigit = false;
            options.Password.RequireLowercase = false;
            options.Password.RequireUppercase = false;
            options.Password.RequireNonAlphanumeric = false;
        }).AddEntityFrameworkStores<IdentityDatabase>().AddSignInManager();
        services.Configure<PasswordHasherOptions>(options => options.IterationCount = PasswordRounds);
        services.Configure<IdentityPasskeyOptions>(options =>
        {
            options.ServerDomain = issuer.Host;
            // Not a neighbour under the same domain, nor a page that has ours in a frame.
            options.ValidateOrigin = passkey => new(
                !passkey.CrossOrigin && passkey.Origin == issuer.GetLeftPart(UriPartial.Authority));
            options.UserVerificationRequirement = "required";
            options.ResidentKeyRequirement = "required";
        });
        // A lock counts at the next page, not half an hour later.
        services.Configure<SecurityStampValidatorOptions>(options => options.ValidationInterval = TimeSpan.Zero);
        services.AddAuthentication().AddIdentityCookies();
        services.ConfigureApplicationCookie(cookie =>
        {
            Harden(cookie, "__Host-traceability");
            cookie.LoginPath = "/identity/sign-in";
            cookie.ReturnUrlParameter = "returnUrl";
            cookie.ExpireTimeSpan = settings.SignInLifetime;
            cookie.SlidingExpiration = false;
        });
        services.Configure<CookieAuthenticationOptions>(
            IdentityConstants.TwoFactorUserIdScheme, cookie => Harden(cookie, "__Host-traceability-passkey"));
    }

    private static void Harden(CookieAuthenticationOptions cookie, string name)
    {
        cookie.Cookie.Name = name;
        cookie.Cookie.Path = "/";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SecurePolicy = CookieSecurePolicy.Always;
        // A client of another origin sends people here, and they are known then.
        cookie.Cookie.SameSite = SameSiteMode.Lax;
    }

    private static void AddRegistries(IServiceCollection services, HostSettings host)
    {
        services.AddScoped<FailedSignIns>();
        services.AddScoped<Entrance>();
        services.AddScoped<FirstAdministrator>();
        services.AddScoped(provider => new ClientRegistry(
            provider.GetRequiredService<IdentityDatabase>(),
            provider.GetRequiredService<IOpenIddictTokenManager>(),
            provider.GetRequiredService<IOpenIddictAuthorizationManager>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddScoped(provider => new UserRegistry(
            provider.GetRequiredService<IdentityDatabase>(),
            provider.GetRequiredService<UserManager<User>>(),
            provider.GetRequiredService<FailedSignIns>(),
            provider.GetRequiredService<IOpenIddictTokenManager>(),
            provider.GetRequiredService<IOpenIddictAuthorizationManager>(),
            provider.GetRequiredService<IdentitySettings>(),
            provider.GetRequiredService<TimeProvider>(),
            $"{Provider.IssuerOf(host).TrimEnd('/')}/identity/first-password"));
    }
}
