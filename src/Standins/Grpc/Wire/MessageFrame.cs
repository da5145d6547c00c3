using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>A message on the wire: a zero byte (not compressed), four bytes of length, the message.</summary>
internal static class MessageFrame
{
    internal const int HeaderBytes = 5;

    public static void Write<T>(Marshaller<T> marshaller, T message, IBufferWriter<byte> output, int? maximum)
    {
        var context = new FrameWriter(output, maximum);
        marshaller.ContextualSerializer(message, context);
    }

    /// <summary>The next message, or false at the end of the stream.</summary>
    public static async ValueTask<(bool Found, T Message)> ReadAsync<T>(
        Marshaller<T> marshaller, PipeReader input, int? maximum, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = read.Buffer;
            if (TryTake(ref buffer, maximum, out var payload))
            {
                var message = marshaller.ContextualDeserializer(new PayloadReader(payload));
                input.AdvanceTo(buffer.Start);
                return (true, message);
            }

            if (read.IsCompleted)
            {
                var whole = buffer.IsEmpty;
                input.AdvanceTo(buffer.Start, buffer.End);
                return whole
                    ? (false, default!)
                    : throw Failure(StatusCode.Internal, "Incomplete message.");
            }

            input.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static bool TryTake(ref ReadOnlySequence<byte> buffer, int? maximum, out ReadOnlySequence<byte> payload)
    {
        payload = default;
        if (buffer.Length < HeaderBytes)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[HeaderBytes];
        buffer.Slice(0, HeaderBytes).CopyTo(header);
        if (header[0] != 0)
        {
            throw Failure(StatusCode.Unimplemented, "Compressed messages are not supported.");
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > (maximum ?? int.MaxValue))
        {
            throw Failure(
                StatusCode.ResourceExhausted, "Received message exceeds the maximum configured message size.");
        }

        if (buffer.Length - HeaderBytes < length)
        {
            return false;
        }

        payload = buffer.Slice(HeaderBytes, length);
        buffer = buffer.Slice(payload.End);
        return true;
    }

    private static RpcException Failure(StatusCode code, string text) => new(new Status(code, text));
}

/// <summary>Lets generated code write straight into the output, behind the header.</summary>
internal sealed class FrameWriter(IBufferWriter<byte> output, int? maximum) : SerializationContext
{
    private bool _headerWritten;

    public override void SetPayloadLength(int payloadLength)
    {
        if (payloadLength > (maximum ?? int.MaxValue))
        {
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted, "Sending message exceeds the maximum configured message size."));
        }

        var header = output.GetSpan(MessageFrame.HeaderBytes);
        header[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], payloadLength);
        output.Advance(MessageFrame.HeaderBytes);
        _headerWritten = true;
    }

    public override IBufferWriter<byte> GetBufferWriter() => _headerWritten
        ? output
        : throw new InvalidOperationException("The payload length must be set first.");

    public override void Complete(byte[] payload)
    {
        SetPayloadLength(payload.Length);
        output.Write(payload);
    }

    public override void Complete()
    {
    }
}

/// <summary>Lets generated code read straight from the input.</summary>
internal sealed class PayloadReader(ReadOnlySequence<byte> payload) : DeserializationContext
{
    public override int PayloadLength => (int)payload.Length;

    public override byte[] PayloadAsNewBuffer() => payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => payload;
}
