using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenIddict.Abstractions;
using Traceability.Identity.Users;

namespace Traceability.Identity.Keys;

/// <summary>What time does to an identity provider: keys come and go, and what has run out is swept away.</summary>
internal sealed partial class KeyKeeper(
    KeyRing ring, IdentitySettings settings, IServiceScopeFactory scopes, TimeProvider clock, ILogger<KeyKeeper> logger)
    : BackgroundService
{
    /// <summary>Rows that say nothing any more do no harm for a while.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromHours(1);

    private DateTimeOffset _swept;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _swept = clock.GetUtcNow();
        using var timer = new PeriodicTimer(KeySchedule.LookInterval(settings.KeyNotice), clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await ring.KeepAsync(stoppingToken);
                await SweepAsync(stoppingToken);
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                // The keys in use stay in use; the next look is soon.
                LogFault(fault.GetType().Name);
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (now < _swept + SweepInterval)
        {
            return;
        }

        // A refresh token that was used must be known for as long as it could be used again.
        var before = now - settings.SignInLifetime - SweepInterval;
        await using var scope = scopes.CreateAsyncScope();
        var services = scope.ServiceProvider;
        await services.GetRequiredService<IOpenIddictTokenManager>().PruneAsync(before, cancellationToken);
        await services.GetRequiredService<IOpenIddictAuthorizationManager>().PruneAsync(before, cancellationToken);
        await services.GetRequiredService<FailedSignIns>().SweepAsync(cancellationToken);
        _swept = now;
    }

    [LoggerMessage(LogLevel.Warning, "The keys of the identity provider could not be looked after: {Fault}")]
    private partial void LogFault(string fault);
}
