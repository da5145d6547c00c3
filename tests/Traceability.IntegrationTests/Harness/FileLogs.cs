using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Traceability.IntegrationTests.Harness;

/// <summary>What a server prints when it is a process, in a file.</summary>
internal sealed class FileLogs(string file, ConsoleFormatter formatter) : ILoggerProvider, ISupportExternalScope
{
    private readonly ConsoleFormatter _formatter = formatter;

    private readonly StreamWriter _file = new(
        new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
    { AutoFlush = true };

    private IExternalScopeProvider? _scopes;

    public ILogger CreateLogger(string categoryName) => new OneLog(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
        lock (_file)
        {
            _file.Dispose();
        }
    }

    private sealed class OneLog(FileLogs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => logs._scopes?.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            using var line = new StringWriter();
            var entry = new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter);
            logs._formatter.Write(in entry, logs._scopes, line);
            lock (logs._file)
            {
                if (logs._file.BaseStream is { CanWrite: true })
                {
                    logs._file.Write(line.ToString());
                }
            }
        }
    }
}
