using System.Data.Common;

namespace Traceability.Hosting;

/// <summary>What the database cannot do now, and can in a moment.</summary>
public static class DatabaseFaults
{
    /// <summary>
    /// Statements that somebody else has ended: PostgreSQL is shut down, starts, has crashed, or cancels (PostgreSQL,
    /// appendix A, class 57). Npgsql does not count them as transient.
    /// </summary>
    private const string OperatorIntervention = "57";

    /// <summary>Whether the same thing tried again can succeed; Marten wraps what PostgreSQL says.</summary>
    public static bool Pass(Exception fault) => fault switch
    {
        DbException { IsTransient: true } => true,
        DbException { SqlState: { } state } => state.StartsWith(OperatorIntervention, StringComparison.Ordinal),
        { InnerException: { } inner } => Pass(inner),
        _ => false,
    };
}
