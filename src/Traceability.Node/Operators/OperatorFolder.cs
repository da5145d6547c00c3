using System.Collections.Concurrent;
using System.Text.Json;

namespace Traceability.Node.Operators;

/// <summary>Takes up the operators of the configuration and, as long as the node runs, those of its folder.</summary>
internal sealed partial class OperatorFolder(
    NodeSettings node, HostedOperators operators, TimeProvider clock, ILogger<OperatorFolder> logger)
    : BackgroundService
{
    /// <summary>Databases are made side by side, but not all at once.</summary>
    private const int AtOnce = 4;

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly JsonSerializerOptions Json = new() { PropertyNameCaseInsensitive = true };

    private readonly ConcurrentDictionary<string, DateTime> _seen = [];

    /// <summary>
    /// Ends when all that are known at the start live here: the node answers for them from its first call.
    /// </summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await Parallel.ForEachAsync(
            node.Operators,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (settings, token) => await operators.HostAsync(settings, token));
        await LookAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (node.OperatorFolder is null)
        {
            return;
        }

        using var timer = new PeriodicTimer(LookInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await LookAsync(stoppingToken);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (node.OperatorFolder is not { } folder || !Directory.Exists(folder))
        {
            return;
        }

        var files = Directory.EnumerateFiles(folder, "*.json").Where(IsNews).Order(StringComparer.Ordinal).ToArray();
        await Parallel.ForEachAsync(
            files,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (file, token) => await TakeUpAsync(file, token));
    }

    /// <summary>A file that could not be read is looked at again when it has changed.</summary>
    private bool IsNews(string file)
    {
        var written = File.GetLastWriteTimeUtc(file);
        var news = _seen.GetValueOrDefault(file) != written;
        _seen[file] = written;
        return news;
    }

    private async Task TakeUpAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = File.OpenRead(file);
            var settings = await JsonSerializer.DeserializeAsync<OperatorSettings>(stream, Json, cancellationToken)
                ?? throw new JsonException("The file is empty.");
            await operators.HostAsync(settings, cancellationToken);
            LogTakenUp(new(settings.OperatorId));
        }
        catch (JsonException)
        {
            // Its text may repeat a secret.
            LogMalformed(Path.GetFileName(file));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            _seen.TryRemove(file, out _);
            LogFailed(Path.GetFileName(file), exception.GetType().Name);
        }
    }

    [LoggerMessage(LogLevel.Information, "Operator {OperatorId} lives here now")]
    private partial void LogTakenUp(OperatorId operatorId);

    [LoggerMessage(LogLevel.Error, "{File} does not describe an operator: operatorId, clientId, clientSecret and keys "
        + "are needed")]
    private partial void LogMalformed(string file);

    [LoggerMessage(LogLevel.Error, "The operator of {File} could not be taken up and will be tried again: {Fault}")]
    private partial void LogFailed(string file, string fault);
}
