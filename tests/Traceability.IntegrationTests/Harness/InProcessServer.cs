using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Traceability.Broker;
using Traceability.Local.Federation;
using Traceability.Node;

namespace Traceability.IntegrationTests.Harness;

/// <summary>
/// A broker or a node in the process of the tests: its own host, port, TLS, tokens, databases and log, and nothing shared
/// but the process, which spares the half of each start that goes into compiling.
/// </summary>
internal sealed class InProcessServer : IStartedServer
{
    private readonly WebApplication _app;

    private InProcessServer(WebApplication app) => _app = app;

    /// <summary>It ends only when it is told to: what fails at the start is thrown there.</summary>
    public bool HasExited => false;

    /// <param name="start">What to start.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="plain">Gets a second door without TLS, and is told where: for very many calls.</param>
    /// <param name="clock">Instead of the machine's.</param>
    public static Task<IStartedServer> StartAsync(
        ServerStart start, CancellationToken cancellationToken, PlainDoor? plain = null, MovableClock? clock = null)
    {
        if (start.Collector is not null)
        {
            throw new NotSupportedException("Telemetry is told to a process, not to a server: start this one apart.");
        }

        // What a server does later goes neither through the queue of xunit nor in the name of the test that started it.
        using var apart = ExecutionContext.SuppressFlow();
        return Task.Run(() => RunAsync(start, plain, clock, cancellationToken), cancellationToken);
    }

    public Task KillAsync() =>
        throw new NotSupportedException("Only a process can be killed: start this federation apart.");

    public async ValueTask DisposeAsync()
    {
        await Task.Run(async () =>
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        });
    }

    private static async Task<IStartedServer> RunAsync(
        ServerStart start, PlainDoor? plain, MovableClock? clock, CancellationToken cancellationToken)
    {
        string[] args =
        [
            $"--TRACEABILITY_SETTINGS={start.SettingsFile}", $"--contentRoot={start.Folder}",
            // Nobody changes them, and the watchers of a machine are few.
            "--hostBuilder:reloadConfigOnChange=false",
        ];
        try
        {
            var app = start.Project switch
            {
                "Traceability.Broker" => await BrokerHost.BuildAsync(args, Adjust),
                "Traceability.Node" => NodeHost.Build(args, Adjust),
                _ => throw new ArgumentException($"{start.Project} is no server.", nameof(start)),
            };
            try
            {
                await app.StartAsync(cancellationToken);
                plain?.Found(start.Name, app.Urls.Last());
                return new InProcessServer(app);
            }
            catch
            {
                await app.DisposeAsync();
                throw;
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // As the runtime does for a process.
            await File.AppendAllTextAsync(start.LogFile, $"Unhandled exception. {exception}\n", cancellationToken);
            throw new InvalidOperationException($"{start.Name} did not start; see {start.LogFile}.", exception);
        }

        void Adjust(WebApplicationBuilder builder)
        {
            LogTo(builder, start.LogFile);
            plain?.Open(builder);
            if (clock is not null)
            {
                builder.Services.AddSingleton<TimeProvider>(clock);
            }
        }
    }

    private static void LogTo(WebApplicationBuilder builder, string file)
    {
        // The formatters stay: a line in the file is the line that a process prints.
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<ILoggerProvider>(services => new FileLogs(
            file,
            services.GetServices<ConsoleFormatter>().Single(one => one.Name == ConsoleFormatterNames.Json)));
    }
}
