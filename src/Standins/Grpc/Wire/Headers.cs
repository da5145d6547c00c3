using System.Globalization;
using System.Text;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Names and spellings of gRPC's own headers ("gRPC over HTTP2", the public protocol description).</summary>
internal static class Headers
{
    public const string ContentType = "application/grpc";
    public const string Timeout = "grpc-timeout";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";

    /// <summary>The longest number of a timeout has eight digits.</summary>
    private const long MaxTimeout = 99_999_999;

    private static readonly HashSet<string> Own = new(StringComparer.OrdinalIgnoreCase)
    {
        "te", "content-type", Timeout, Status, Message, "grpc-encoding", "grpc-accept-encoding", "content-length",
    };

    public static bool IsOwn(string name) => name.StartsWith(':') || Own.Contains(name);

    public static Metadata ToMetadata(IEnumerable<KeyValuePair<string, IEnumerable<string>>> headers)
    {
        var metadata = new Metadata();
        foreach (var (key, values) in headers.Where(header => !IsOwn(header.Key)))
        {
            foreach (var entry in values.SelectMany(value => Metadata.Entry.FromWire(key, value)))
            {
                metadata.Add(entry);
            }
        }

        return metadata;
    }

    public static string EncodeTimeout(TimeSpan timeout)
    {
        var milliseconds = Math.Max(1, (long)Math.Ceiling(timeout.TotalMilliseconds));
        return milliseconds <= MaxTimeout
            ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds}m")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Min(MaxTimeout, milliseconds / 1000)}S");
    }

    public static TimeSpan? DecodeTimeout(string? text)
    {
        if (text is not { Length: >= 2 and <= 9 } || !long.TryParse(
            text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        return text[^1] switch
        {
            'H' => TimeSpan.FromHours(number),
            'M' => TimeSpan.FromMinutes(number),
            'S' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMilliseconds(number),
            'u' => TimeSpan.FromMicroseconds(number),
            'n' => TimeSpan.FromTicks(number / TimeSpan.NanosecondsPerTick),
            _ => null,
        };
    }

    /// <summary>Percent-encodes what is not printable ASCII.</summary>
    public static string EncodeMessage(string message)
    {
        if (message.All(IsPlain))
        {
            return message;
        }

        var encoded = new StringBuilder(message.Length + 16);
        foreach (var octet in Encoding.UTF8.GetBytes(message))
        {
            _ = IsPlain((char)octet)
                ? encoded.Append((char)octet)
                : encoded.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
        }

        return encoded.ToString();
    }

    public static string DecodeMessage(string message) => Uri.UnescapeDataString(message);

    private static bool IsPlain(char c) => c is >= ' ' and <= '~' and not '%';
}
