using System.Data.Common;
using Grpc.Core;
using Npgsql;
using Traceability.Hosting;
using Traceability.Storage.Logs;

namespace Traceability.Node.Operators;

/// <summary>What may be better in a moment, and what will not.</summary>
internal static class Faults
{
    /// <summary>Waiting helps: the same thing tried again can succeed.</summary>
    public static bool IsTransient(Exception fault) => fault switch
    {
        LostRaceException or OperationCanceledException or HttpRequestException or IOException
            or TimeoutException => true,
        BrokenHistoryException => true,
        RpcException rpc => rpc.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded
            or StatusCode.Cancelled or StatusCode.ResourceExhausted or StatusCode.Unauthenticated,
        PostgresException postgres => DatabaseFaults.Pass(postgres),
        // Without an answer of the server nothing is known: a connection that broke, a pool that is empty.
        NpgsqlException => true,
        DbException database => DatabaseFaults.Pass(database),
        { InnerException: { } inner } => IsTransient(inner),
        _ => false,
    };

    /// <summary>Names the fault without its text, which may repeat what was sent.</summary>
    public static string Describe(Exception? fault) => fault switch
    {
        RefusedException refused => Hosting.GrpcErrorNames.Of(refused.Reason),
        RpcException rpc => $"broker {rpc.StatusCode}",
        PostgresException postgres => $"database {postgres.SqlState}",
        null => "ended",
        _ => fault.GetType().Name,
    };
}
