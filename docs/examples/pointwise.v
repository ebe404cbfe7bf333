// The pointwise convolution that ends a block of MobileNetV2, from the words of `npmobilenet vectors`.
// +from is the layer's folder, +to where accumulators and output are written; the parameters stand in
// manifest.json.
module pointwise;
  parameter PIXELS = 1, INS = 1, OUTS = 1, X_ZERO = 0, Y_ZERO = 0, LOW = -128, HIGH = 127;

  reg signed [7:0] x[0:PIXELS*INS-1], w[0:INS*OUTS-1], y[0:PIXELS*OUTS-1];
  reg signed [31:0] bias[0:OUTS-1], multiplier[0:OUTS-1], shift[0:OUTS-1], sums[0:PIXELS*OUTS-1];
  reg signed [31:0] total;
  reg signed [63:0] high, value;
  reg [8*1000:1] from, to;
  integer p, m, o;

  initial begin
    if (!$value$plusargs("from=%s", from) || !$value$plusargs("to=%s", to)) $finish;
    $readmemh({from, "/input.hex"}, x);
    $readmemh({from, "/weight.hex"}, w);
    $readmemh({from, "/bias.hex"}, bias);
    $readmemh({from, "/multiplier.hex"}, multiplier);
    $readmemh({from, "/shift.hex"}, shift);
    for (p = 0; p < PIXELS; p = p + 1)
      for (o = 0; o < OUTS; o = o + 1) begin
        total = bias[o];
        for (m = 0; m < INS; m = m + 1) total = total + (x[p*INS+m] - X_ZERO) * w[m*OUTS+o];
        high = (64'sd1 * total * multiplier[o] + 64'sd1073741824) >>> 31;
        value = high;  // rounded twice: half an integer away from 0
        if (shift[o] > 0)
          value = (high + (64'sd1 <<< (shift[o] - 1)) - (high < 0 ? 64'sd1 : 64'sd0)) >>> shift[o];
        value = value + Y_ZERO;
        sums[p*OUTS+o] = total;
        y[p*OUTS+o] = value < LOW ? LOW : value > HIGH ? HIGH : value;
      end
    $writememh({to, "/accumulators.hex"}, sums);
    $writememh({to, "/output.hex"}, y);
  end
endmodule
