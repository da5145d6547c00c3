using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Traceability.Domain;

namespace Traceability.Hosting;

/// <summary>
/// Bytes that are no message of the rpc fail before any interceptor is asked, as an unknown fault of the server. It
/// is the caller's: the status becomes INVALID_ARGUMENT, with the same details as every other refusal.
/// </summary>
internal sealed partial class UnreadableRequests(ILogger<UnreadableRequests> logger, SampledLog sampled)
{
    public const string Text = "The request cannot be read: it is not a message of this rpc.";

    private static readonly string Unknown = $"{(int)StatusCode.Unknown}";

    /// <summary>The caller hung up, or its time was over, or it asked for what is not there.</summary>
    private static readonly string[] Unremarkable =
    [
        .. new[] { StatusCode.OK, StatusCode.Cancelled, StatusCode.DeadlineExceeded, StatusCode.Unimplemented }
            .Select(code => $"{(int)code}"),
    ];

    private static readonly RpcException Answer = GrpcErrors.Answer(RefusalReason.InvalidRequest, Text, []);

    public async Task AnswerAsync(HttpContext http, RequestDelegate next)
    {
        await next(http);
        var trailers = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        Tell(http, trailers);
        if (trailers is { IsReadOnly: false } && Is(trailers))
        {
            GrpcErrors.Write(trailers, Answer);
        }
        else if (!http.Response.HasStarted && Is(http.Response.Headers))
        {
            GrpcErrors.Write(http.Response.Headers, Answer);
        }
    }

    /// <summary>So is a form that is none, or that has characters in it that no text has.</summary>
    public static async Task AnswerFormAsync(HttpContext http, RequestDelegate next)
    {
        try
        {
            await next(http);
        }
        catch (InvalidDataException) when (!http.Response.HasStarted)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
        }
    }

    /// <summary>
    /// A request that cannot be read, or is too large, or an answer that is: no interceptor has seen it.
    /// </summary>
    private void Tell(HttpContext http, IHeaderDictionary? trailers)
    {
        var status = Bare(trailers) ?? Bare(http.Response.Headers);
        // A path that nobody serves is anything; what is served is a closed list.
        if (status is null || http.GetEndpoint() is not { DisplayName: { } method })
        {
            return;
        }

        if (sampled.Takes($"{method} ended with status {status}"))
        {
            LogEnded(method, status);
        }
    }

    /// <summary>What a handler throws has details; only what never reached one has none.</summary>
    private static bool Is(IHeaderDictionary headers) => Bare(headers) == Unknown;

    /// <summary>
    /// The status of a call that was answered without details; null if there is none, or all went well.
    /// </summary>
    private static string? Bare(IHeaderDictionary? headers) =>
        headers is not null && headers.TryGetValue(GrpcErrors.StatusName, out var status)
        && !Unremarkable.Contains($"{status}")
        && Answer.Trailers.All(entry => !headers.ContainsKey(entry.Key))
            ? $"{status}"
            : null;

    [LoggerMessage(LogLevel.Information, "{Method} ended with status {Status}, and was not reached or not answered")]
    private partial void LogEnded(string method, string status);
}
