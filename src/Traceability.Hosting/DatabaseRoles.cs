using Microsoft.Extensions.Logging;

namespace Traceability.Hosting;

/// <summary>What is said about the role with which a server reaches its database.</summary>
public static partial class DatabaseRoles
{
    [LoggerMessage(
        LogLevel.Warning,
        "The role of this server can rewrite the history in {Database}. Give it a role of its own in "
        + "ConnectionStrings:Server, and the one that owns the tables in ConnectionStrings:Owner")]
    public static partial void LogOneRole(this ILogger logger, string database);
}
