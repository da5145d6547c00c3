using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Traceability.Domain;

namespace Traceability.Hosting;

/// <summary>The one place where what went wrong becomes what a caller is told. The outermost interceptor.</summary>
internal sealed partial class GrpcErrors(ILogger<GrpcErrors> logger, SampledLog sampled) : Interceptor
{
    public const string Domain = "traceability";

    internal const string StatusName = "grpc-status";
    private const string MessageName = "grpc-message";

    /// <summary>
    /// An error goes where headers go, of which clients take 64 KB, percent- and Base64-encoded: however much is wrong,
    /// what is said of it can be read.
    /// </summary>
    private const int MaxTextBytes = 12 * 1024;

    /// <summary>Of a text that is told field by field, too.</summary>
    private const int MaxInvalidBytes = 2 * 1024;

    private const int MaxViolationBytes = 8 * 1024;

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception exception) when (IsAnswer(exception, context))
        {
            throw Translate(exception, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception exception) when (IsAnswer(exception, context))
        {
            throw Translate(exception, context);
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(requestStream, context);
        }
        catch (Exception exception) when (IsAnswer(exception, context))
        {
            throw Translate(exception, context);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception exception) when (IsAnswer(exception, context))
        {
            throw Translate(exception, context);
        }
    }

    /// <summary>The status of each reason (errors.proto).</summary>
    internal static StatusCode CodeOf(RefusalReason reason) => reason switch
    {
        RefusalReason.NotDisclosed or RefusalReason.RoleMissing => StatusCode.PermissionDenied,
        RefusalReason.StaleVersion => StatusCode.Aborted,
        RefusalReason.InvalidRequest => StatusCode.InvalidArgument,
        RefusalReason.Unauthenticated => StatusCode.Unauthenticated,
        RefusalReason.AlreadyExists => StatusCode.AlreadyExists,
        RefusalReason.LimitExceeded => StatusCode.ResourceExhausted,
        RefusalReason.PeerUnavailable => StatusCode.Unavailable,
        RefusalReason.Internal => StatusCode.Internal,
        _ => StatusCode.FailedPrecondition,
    };

    /// <summary>A cancelled call has nobody left to answer.</summary>
    private static bool IsAnswer(Exception exception, ServerCallContext context) =>
        exception is not RpcException && !context.CancellationToken.IsCancellationRequested;

    private RpcException Translate(Exception exception, ServerCallContext context)
    {
        switch (exception)
        {
            case InvalidRequestException invalid:
                LogInvalid(context.Method, invalid.Violations.Count);
                return Answer(
                    RefusalReason.InvalidRequest, Cut(invalid.Message, MaxInvalidBytes), [], BadRequestOf(invalid));
            case InvalidProtocolBufferException:
                // A later message of a stream; the first one fails before any interceptor (UnreadableRequests).
                LogInvalid(context.Method, 1);
                return Answer(RefusalReason.InvalidRequest, UnreadableRequests.Text, []);
            case RefusedException refused:
                if (sampled.Takes($"{context.Method} was refused: {refused.Reason}"))
                {
                    LogRefused(context.Method, refused.Reason);
                }

                return Answer(refused.Reason, refused.Message, refused.Details);
            case var fault when DatabaseFaults.Pass(fault):
                if (sampled.Takes($"{context.Method} cannot reach the database"))
                {
                    LogUnavailable(context.Method, exception.GetType().Name);
                }

                return Answer(
                    RefusalReason.PeerUnavailable,
                    "The server's database does not answer; repeat the call.",
                    new Dictionary<string, string> { ["peer"] = "database" });
            default:
                if (sampled.Takes($"{context.Method} failed: {exception.GetType().Name}"))
                {
                    LogBug(exception, context.Method);
                }

                var trace = Activity.Current?.TraceId.ToString() ?? "";
                return Answer(
                    RefusalReason.Internal,
                    $"Internal error. Quote {trace} to the operator of this server.",
                    new Dictionary<string, string> { ["trace"] = trace });
        }
    }

    internal static RpcException Answer(
        RefusalReason reason, string text, IEnumerable<KeyValuePair<string, string>> metadata, params IMessage[] more)
    {
        var info = new ErrorInfo { Reason = GrpcErrorNames.Of(reason), Domain = Domain };
        foreach (var (key, value) in metadata)
        {
            info.Metadata.Add(key, value);
        }

        return new Google.Rpc.Status
        {
            Code = (int)CodeOf(reason),
            Message = Cut(text, MaxTextBytes),
            Details = { more.Prepend(info).Select(Any.Pack) },
        }.ToRpcException();
    }

    /// <summary>For who is answered before any handler; the text must be of ASCII characters.</summary>
    internal static void Write(IHeaderDictionary headers, RpcException answer)
    {
        headers[StatusName] = $"{(int)answer.StatusCode}";
        headers[MessageName] = answer.Status.Detail;
        foreach (var entry in answer.Trailers)
        {
            headers[entry.Key] = Convert.ToBase64String(entry.ValueBytes).TrimEnd('=');
        }
    }

    private static BadRequest BadRequestOf(InvalidRequestException invalid)
    {
        var shown = invalid.Violations.Select(violation => new BadRequest.Types.FieldViolation
        {
            Field = violation.Field,
            Description = violation.Description,
        }).ThatFit(MaxViolationBytes);
        var more = invalid.Violations.Count - shown.Count;
        return new()
        {
            FieldViolations =
            {
                shown,
                more == 0 ? [] : new[] { new BadRequest.Types.FieldViolation { Description = $"and {more} more." } },
            },
        };
    }

    private static string Cut(string text, int maxBytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= maxBytes)
        {
            return text;
        }

        // Whole characters only: the last one of the bytes may be half.
        var start = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text), 0, maxBytes).TrimEnd('\uFFFD');
        return $"{start} ...";
    }

    [LoggerMessage(LogLevel.Debug, "{Method} was given {Count} invalid fields")]
    private partial void LogInvalid(string method, int count);

    [LoggerMessage(LogLevel.Information, "{Method} was refused: {Reason}")]
    private partial void LogRefused(string method, RefusalReason reason);

    [LoggerMessage(LogLevel.Warning, "{Method} cannot reach the database: {Fault}")]
    private partial void LogUnavailable(string method, string fault);

    [LoggerMessage(LogLevel.Error, "{Method} failed")]
    private partial void LogBug(Exception exception, string method);
}

/// <summary>Reasons as they travel and as they are logged.</summary>
public static partial class GrpcErrorNames
{
    /// <summary>"NotDisclosed" travels as "NOT_DISCLOSED".</summary>
    public static string Of(RefusalReason reason) => WordStart().Replace(reason.ToString(), "_$0").ToUpperInvariant();

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();
}
