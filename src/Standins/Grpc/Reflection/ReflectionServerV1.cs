using Grpc.Core;
using Grpc.Reflection.V1;

namespace Grpc.AspNetCore.Server.Reflection;

/// <summary>Reflection under the name v1.</summary>
internal sealed class ReflectionServerV1(SymbolTable symbols) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream,
        IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            var response = Answer(request);
            response.ValidHost = request.Host;
            response.OriginalRequest = request;
            await responseStream.WriteAsync(response, context.CancellationToken);
        }
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request) => request.MessageRequestCase switch
    {
        ServerReflectionRequest.MessageRequestOneofCase.ListServices => new()
        {
            ListServicesResponse = new()
            {
                Service = { symbols.Services.Select(name => new ServiceResponse { Name = name }) },
            },
        },
        ServerReflectionRequest.MessageRequestOneofCase.FileByFilename => Files(symbols.File(request.FileByFilename)),
        ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol => Files(
            symbols.FileOf(request.FileContainingSymbol)),
        _ => Error(StatusCode.Unimplemented, "Request type not supported."),
    };

    private static ServerReflectionResponse Files(IReadOnlyList<Google.Protobuf.ByteString>? files) => files is null
        ? Error(StatusCode.NotFound, "Not found.")
        : new() { FileDescriptorResponse = new() { FileDescriptorProto = { files } } };

    private static ServerReflectionResponse Error(StatusCode code, string text) =>
        new() { ErrorResponse = new() { ErrorCode = (int)code, ErrorMessage = text } };
}
